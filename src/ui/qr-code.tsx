/** A link as a QR code: always dark on white, whatever the theme, because cameras expect it. */
import { QRCodeSVG } from 'qrcode.react';

export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <QRCodeSVG
      className="qr"
      value={text}
      marginSize={4}
      bgColor="#fff"
      fgColor="#000"
      title={label}
      role="img"
      aria-label={`${label}: ${text}`}
    />
  );
}
