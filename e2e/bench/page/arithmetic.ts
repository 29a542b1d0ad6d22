/** How much arithmetic a training step is at least: what bounds it on an adapter of known rate. */
import type { Task } from './subject.ts';

/**
 * Floating-point operations of the matrix products and convolutions of one step, a multiply-add counting as
 * two: forward once, backward once for the weights and once for the inputs (but not for the data).
 */
export function arithmetic(task: Task): number {
  const { id, batch, data, layout } = task;
  const weights = layout.tensors.filter(({ shape }) => shape.length > 1);
  if (id === 'gpt') {
    const context = data.width - 1;
    const places = batch * context;
    const products = weights.filter(({ name }) => name !== 'tokens.weight' && name !== 'positions.weight');
    const dense = products.reduce((sum, { length }) => sum + 6 * places * length, 0);
    const layers = layout.tensors.filter(({ name }) => name.endsWith('.norm1.gain')).length;
    const width = weights[0]?.shape[1] ?? 0;
    // Of scores half are masked; backward makes them again: seven products of context² · width in all.
    return dense + layers * batch * 7 * context ** 2 * width;
  }
  let side = Math.sqrt(data.width);
  return weights.reduce((sum, { shape, length }, at) => {
    const passes = at === 0 ? 2 : 3;
    if (shape.length !== 4) return sum + passes * 2 * batch * length;
    const out = side - (shape[2] ?? 1) + 1;
    side = out / 2;
    return sum + passes * 2 * batch * length * out ** 2;
  }, 0);
}
