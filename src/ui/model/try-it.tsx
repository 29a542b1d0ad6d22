/** Try the model: draw, click, write or step through rows, whichever the room's data is. */
import { useRecipe } from '../context.ts';
import { words } from '../words.ts';
import { shapeOf } from './data.ts';
import { Draw } from './draw.tsx';
import { Plane } from './plane.tsx';
import { Rows } from './rows.tsx';
import { Write } from './write.tsx';

export default function TryIt() {
  const recipe = useRecipe();
  const shape = shapeOf(recipe);
  // Another recipe is another thing to try: nothing of the one before is kept.
  const key = JSON.stringify([recipe.dataset, recipe.model]);
  if (shape === null) return <p className="chart-empty">{words.charts.empty.loss}</p>;
  if (shape.tokens === true) return <Write key={key} />;
  if (shape.image !== undefined && shape.classes > 0) {
    return <Draw key={key} shape={shape} image={shape.image} />;
  }
  if (shape.width === 2 && shape.classes > 0) return <Plane key={key} shape={shape} />;
  return <Rows key={key} shape={shape} />;
}
