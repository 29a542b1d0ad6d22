/**
 * The charts as one picture file: an SVG that needs no style sheet of the page, and from it a PNG. What is
 * drawn is what the page shows, in the theme that it has.
 */

const COPIED = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'font-variant-numeric',
] as const;
const GAP = 16;
const TITLE = 26;
const NAMESPACE = 'http://www.w3.org/2000/svg';

/** A copy with every colour and size written out. */
function standing(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll('*')];
  const copies = [copy, ...copy.querySelectorAll('*')];
  copies.forEach((element, at) => {
    const original = originals[at];
    if (original === undefined) return;
    const style = getComputedStyle(original);
    for (const name of COPIED) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute('class');
    element.removeAttribute('style');
  });
  return copy;
}

export interface Drawn {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

/** All charts on the page, one below the other; null if none is drawn. */
export function chartsAsSvg(page: Document): Drawn | null {
  const style = getComputedStyle(page.body);
  const whole = page.createElementNS(NAMESPACE, 'svg');
  let [width, height] = [0, GAP];
  for (const figure of page.querySelectorAll('.charts figure.chart')) {
    const svg = figure.querySelector<SVGSVGElement>('svg.recharts-surface');
    const heading = figure.querySelector('h3');
    if (svg === null || heading === null) continue;
    const box = svg.getBoundingClientRect();
    const title = page.createElementNS(NAMESPACE, 'text');
    const unit = heading.querySelector('small')?.textContent ?? '';
    const name = (heading.firstChild?.textContent ?? '').trim();
    title.textContent = unit === '' ? name : `${name} (${unit})`;
    title.setAttribute('x', String(GAP));
    title.setAttribute('y', String(height + 14));
    title.setAttribute('fill', style.color);
    title.setAttribute('font-family', style.fontFamily);
    title.setAttribute('font-size', '14');
    title.setAttribute('font-weight', '600');
    const copy = standing(svg);
    copy.setAttribute('x', String(GAP));
    copy.setAttribute('y', String(height + TITLE));
    copy.setAttribute('width', String(box.width));
    copy.setAttribute('height', String(box.height));
    copy.setAttribute('overflow', 'visible');
    whole.append(title, copy);
    width = Math.max(width, box.width + 2 * GAP);
    height += TITLE + box.height + GAP;
  }
  if (width === 0) return null;
  const paper = page.createElementNS(NAMESPACE, 'rect');
  paper.setAttribute('width', '100%');
  paper.setAttribute('height', '100%');
  paper.setAttribute('fill', style.backgroundColor);
  whole.prepend(paper);
  whole.setAttribute('xmlns', NAMESPACE);
  whole.setAttribute('width', String(Math.ceil(width)));
  whole.setAttribute('height', String(Math.ceil(height)));
  return {
    text: new XMLSerializer().serializeToString(whole),
    width: Math.ceil(width),
    height: Math.ceil(height),
  };
}

/** The same as a PNG, at twice the size, sharp on any screen. */
export async function pngOf({ text, width, height }: Drawn): Promise<Blob> {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await picture.decode();
  const canvas = document.createElement('canvas');
  canvas.width = 2 * width;
  canvas.height = 2 * height;
  canvas.getContext('2d')?.drawImage(picture, 0, 0, 2 * width, 2 * height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('The picture is too large.')) : resolve(blob)));
  });
}
