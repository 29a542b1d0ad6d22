/**
 * Numbers as people read them: three significant digits, bytes as kB and MB (powers of 1000), times as
 * ms and s. Pure; words around the numbers are in `words.ts`.
 */

/** Shown where there is no number yet. */
export const NOTHING = '–';

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

function superscript(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)] ?? '');
  return `${exponent < 0 ? '⁻' : ''}${digits.join('')}`;
}

/** Three significant digits: 0.0312, 1.50, 123, 12 300, 1.2 × 10⁻⁵. */
export function three(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e6) {
    const rounded = Number(value.toPrecision(3));
    return Math.abs(rounded) >= 1000
      ? grouped(rounded)
      : rounded.toPrecision(3).replace(/^(-?\d{3})\.$/, '$1');
  }
  const [mantissa = '', exponent = '0'] = value.toExponential(2).split('e');
  return `${Number(mantissa)} × 10${superscript(Number(exponent))}`;
}

/** A short number for an axis tick: no trailing zeros. */
export function tick(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e6) {
    const rounded = Number(value.toPrecision(3));
    return size >= 10_000 ? grouped(rounded) : String(rounded);
  }
  const [mantissa = '', exponent = '0'] = value.toExponential(1).split('e');
  const power = `10${superscript(Number(exponent))}`;
  return Number(mantissa) === 1 ? power : `${Number(mantissa)}×${power}`;
}

/** A whole number with thin spaces between thousands: 12 300. */
export function grouped(value: number): string {
  const sign = value < 0 ? '-' : '';
  return sign + String(Math.abs(Math.round(value))).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

function scaled(value: number): { number: number; unit: string } {
  let number = value;
  let index = 0;
  // 999.5 would read "1000 kB"; the next unit says the same in three digits.
  while (Math.abs(number) >= 999.5 && index < BYTE_UNITS.length - 1) {
    number /= 1000;
    index += 1;
  }
  return { number, unit: BYTE_UNITS[index] ?? 'B' };
}

/** Bytes in three significant digits: 532 B, 12.3 kB, 1.50 MB. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  const { number, unit } = scaled(value);
  return `${unit === 'B' ? String(Math.round(number)) : three(number)} ${unit}`;
}

/** Bytes for an axis tick: 1 MB, 0.5 MB. */
export function byteTick(value: number): string {
  const { number, unit } = scaled(value);
  // A space that does not break: an axis has no room for two lines.
  return `${tick(number)}\u00a0${unit}`;
}

/** Milliseconds as "230 ms" or "2.1 s". */
export function duration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toFixed(milliseconds < 100_000 ? 1 : 0)} s`;
}

/** A fraction as a percentage in three significant digits: 91.2 %. */
export function percent(fraction: number | null | undefined): string {
  if (fraction === null || fraction === undefined || !Number.isFinite(fraction)) return NOTHING;
  return fraction === 0 ? '0 %' : `${Number((fraction * 100).toPrecision(3))} %`;
}
