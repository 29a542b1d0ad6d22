/** A row of features as the picture it is, pixel by pixel. */
import { useEffect, useRef } from 'react';
import type { DataShape } from '../../data/dataset.ts';

type Extent = NonNullable<DataShape['image']>;

export function Picture({
  features,
  image,
  label,
}: {
  readonly features: Float32Array;
  readonly image: Extent;
  readonly label: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height, channels } = image;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context === null || context === undefined) return;
    const data = context.createImageData(width, height);
    for (let pixel = 0; pixel < width * height; pixel += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        const value = features[pixel * channels + Math.min(channel, channels - 1)] ?? 0;
        data.data[4 * pixel + channel] = Math.round(255 * value);
      }
      data.data[4 * pixel + 3] = 255;
    }
    context.putImageData(data, 0, 0);
  }, [features, width, height, channels]);
  return (
    <canvas ref={canvas} className="picture" width={width} height={height} role="img" aria-label={label} />
  );
}
