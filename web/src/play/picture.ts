// SPDX-License-Identifier: Apache-2.0
// The page's answer as one PNG: sentence, network, map and profile.
import type { Look } from "../theme";

export interface Picture {
  title: string;
  lines: string[];
  map: HTMLCanvasElement;
  mapOverlay: SVGElement;
  profile: SVGElement;
}

const kWidth = 1280;
const kHeight = 720;

function imageOf(svg: SVGElement, width: number, height: number): Promise<HTMLImageElement> {
  const copy = svg.cloneNode(true) as SVGElement;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  return image.decode().then(() => image);
}

function wrap(context: CanvasRenderingContext2D, words: string, width: number): string[] {
  const lines: string[] = [""];
  for (const word of words.split(" ")) {
    const longer = `${lines.at(-1)!} ${word}`.trim();
    if (context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

export async function draw(picture: Picture, look: Look): Promise<HTMLCanvasElement> {
  const canvas = document.createElement("canvas");
  canvas.width = kWidth;
  canvas.height = kHeight;
  const context = canvas.getContext("2d")!;
  context.fillStyle = look.surface;
  context.fillRect(0, 0, kWidth, kHeight);
  context.fillStyle = look.ink;
  context.font = `650 34px ${look.font}`;
  let y = 62;
  for (const line of wrap(context, picture.title, kWidth - 80)) {
    context.fillText(line, 40, y);
    y += 42;
  }
  context.fillStyle = look.faint;
  context.font = `17px ${look.font}`;
  for (const line of picture.lines) {
    for (const part of wrap(context, line, kWidth - 80)) {
      context.fillText(part, 40, y);
      y += 25;
    }
  }
  const top = y + 4;
  const height = kHeight - top - 24;
  const overlayBox = picture.mapOverlay.getAttribute("viewBox")!.split(" ").map(Number);
  const scale = Math.min(430 / overlayBox[2]!, height / overlayBox[3]!);
  const style = picture.map.style;
  const pixels = (value: string) => parseFloat(value) * scale;
  context.drawImage(picture.map, 40 + pixels(style.left), top + pixels(style.top), pixels(style.width), pixels(style.height));
  context.drawImage(await imageOf(picture.mapOverlay, overlayBox[2]! * scale, overlayBox[3]! * scale), 40, top);
  const profileBox = picture.profile.getAttribute("viewBox")!.split(" ").map(Number);
  const wide = Math.min(kWidth - 520, (height * profileBox[2]!) / profileBox[3]!);
  context.drawImage(await imageOf(picture.profile, wide, (wide * profileBox[3]!) / profileBox[2]!), 490, top);
  return canvas;
}

export async function save(picture: Picture, look: Look): Promise<void> {
  const canvas = await draw(picture, look);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new Error("the browser makes no PNG of the page");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "plumb-play.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
