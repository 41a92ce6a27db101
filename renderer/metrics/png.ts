const COPIED = [
  ...["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "fill-opacity", "opacity"],
  ...["font-family", "font-size", "font-weight", "text-anchor", "visibility", "display"],
] as const;

export interface Picture {
  readonly title: string;
  readonly svg: SVGSVGElement;
}

/** The chart as text that stands alone: what style sheets and variables say is written into it. */
function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  for (const [index, original] of originals.entries()) {
    const style = getComputedStyle(original);
    for (const name of COPIED) copies[index]?.setAttribute(name, style.getPropertyValue(name));
    copies[index]?.removeAttribute("class");
    copies[index]?.removeAttribute("style");
  }
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return new XMLSerializer().serializeToString(copy);
}

function drawn(svg: SVGSVGElement): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error("The chart could not be drawn."));
    // The window's security policy lets pictures come from data addresses only.
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
  });
}

const SCALE = 2;
const TITLE_HEIGHT = 26;
const MARGIN = 12;

/** Charts under each other with their titles and the words of a heading, as a PNG of twice the screen's fineness. */
export async function pngOf(heading: string, pictures: readonly Picture[], root: Element): Promise<Blob> {
  const style = getComputedStyle(root);
  const sizes = pictures.map(({ svg }) => svg.getBoundingClientRect());
  const width = Math.max(320, ...sizes.map((size) => size.width)) + 2 * MARGIN;
  const height = TITLE_HEIGHT + sizes.reduce((sum, size) => sum + size.height + TITLE_HEIGHT, 0) + 2 * MARGIN;
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * SCALE);
  canvas.height = Math.ceil(height * SCALE);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This window cannot draw pictures.");
  context.scale(SCALE, SCALE);
  context.fillStyle = style.getPropertyValue("--mantine-color-body") || "white";
  context.fillRect(0, 0, width, height);
  const write = (text: string, y: number, weight: number, size: number) => {
    context.fillStyle = style.color;
    context.font = `${weight} ${size}px ${style.fontFamily}`;
    context.fillText(text, MARGIN, y, width - 2 * MARGIN);
  };
  let y = MARGIN;
  write(heading, y + 14, 600, 14);
  y += TITLE_HEIGHT;
  for (const [index, { title, svg }] of pictures.entries()) {
    write(title, y + 16, 500, 12);
    y += TITLE_HEIGHT;
    context.drawImage(await drawn(svg), MARGIN, y);
    y += sizes[index]!.height;
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be made."))), "image/png");
  });
}
