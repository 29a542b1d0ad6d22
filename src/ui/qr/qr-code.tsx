/** A link as a QR code: always dark on white, whatever the theme, because cameras expect it. */
import { useMemo } from 'react';
import { encodeQr } from './qr.ts';

const QUIET = 4;

export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const modules = useMemo(() => encodeQr(text), [text]);
  if (modules === null) return null;
  const side = modules.length + 2 * QUIET;
  const path = modules
    .flatMap((line, row) =>
      line.map((dark, column) => (dark ? `M${column + QUIET} ${row + QUIET}h1v1h-1z` : '')),
    )
    .join('');
  return (
    <svg className="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={`${label}: ${text}`}>
      <title>{label}</title>
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" shapeRendering="crispEdges" />
    </svg>
  );
}
