/** Preprocessing, exact on pictures that can be checked by eye, and its rules on arbitrary ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asTrained, boundsOf, centreOfMass, fitted, type Ink, inked, place, resample } from './preprocess.ts';

const block = (width: number, height: number, left: number, top: number, w: number, h: number): Ink => {
  const pixels = new Float32Array(width * height);
  for (let y = top; y < top + h; y += 1) pixels.fill(1, y * width + left, y * width + left + w);
  return { width, height, pixels };
};

describe('a drawn digit', () => {
  it('of 20 × 20 pixels is only moved, so that its middle is the middle', () => {
    expect(asTrained(block(60, 50, 33, 2, 20, 20), 28, 28)).toEqual(block(28, 28, 4, 4, 20, 20));
  });

  it('keeps its proportions: 100 × 50 becomes 20 × 10', () => {
    expect(asTrained(block(280, 280, 11, 200, 100, 50), 28, 28)).toEqual(block(28, 28, 4, 9, 20, 10));
  });

  it('is centred by its mass, not by its box', () => {
    // 12 × 20 of ink at the left and one faint line to the right: the box is 20 wide, the mass is not.
    const ink = block(20, 20, 0, 0, 12, 20);
    ink.pixels[19] = 0.5;
    const { pixels } = asTrained(ink, 28, 28);
    const centre = centreOfMass({ width: 28, height: 28, pixels });
    expect(Math.abs((centre?.x ?? 0) - 13.5)).toBeLessThanOrEqual(0.5);
    // The box's middle would have put the left edge at 4.
    expect(pixels[13 * 28 + 8]).toBe(1);
    expect(pixels[13 * 28 + 7]).toBe(0);
  });

  it('averages as it shrinks', () => {
    const { pixels } = resample(block(4, 2, 0, 0, 1, 2), { left: 0, top: 0, width: 4, height: 2 }, 2, 1);
    expect([...pixels]).toEqual([0.5, 0]);
  });

  it('stays blank when it is, whatever the size', () => {
    expect(asTrained(block(30, 30, 0, 0, 0, 0), 28, 28).pixels.every((value) => value === 0)).toBe(true);
  });

  it('has its centre of mass within half a pixel of the middle, and at most 20 pixels, always', () => {
    const strokes = fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.integer({ min: 1, max: 30 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(strokes, (given) => {
        const pixels = new Float32Array(100 * 100);
        for (const [x, y, size] of given) {
          for (let row = y; row < Math.min(100, y + size); row += 1) {
            pixels.fill(1, row * 100 + x, row * 100 + Math.min(100, x + size));
          }
        }
        const made = asTrained({ width: 100, height: 100, pixels }, 28, 28);
        const bounds = boundsOf(made);
        expect(bounds?.width).toBeLessThanOrEqual(20);
        expect(bounds?.height).toBeLessThanOrEqual(20);
        const centre = centreOfMass(made) ?? { x: 0, y: 0 };
        // Or it stopped at the edge of the paper.
        const edge = (at = -1, size = 0) => at === 0 || at + size === 28;
        if (!edge(bounds?.left, bounds?.width)) expect(Math.abs(centre.x - 13.5)).toBeLessThanOrEqual(0.5001);
        if (!edge(bounds?.top, bounds?.height)) expect(Math.abs(centre.y - 13.5)).toBeLessThanOrEqual(0.5001);
        expect(made.pixels.every((value) => value >= 0 && value <= 1.0001)).toBe(true);
      }),
    );
  });
});

describe('a picture from a file', () => {
  it('of dark writing on light paper is turned around, and one of light on dark is not', () => {
    const light = block(9, 9, 3, 3, 3, 3);
    const dark = { ...light, pixels: light.pixels.map((value) => 1 - value) };
    expect(inked(light)).toBe(light);
    expect(inked(dark)).toEqual(light);
  });

  it('that is no writing is fitted whole', () => {
    expect(fitted(block(40, 20, 0, 0, 40, 20), 8, 8)).toEqual(place(block(8, 4, 0, 0, 8, 4), 8, 8, 0, 2));
  });
});
