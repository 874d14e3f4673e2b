// What is seen, as text, SVG and PNG.

import { colours, escapeXml } from "./dom.js";
import { BACK, OUT, faintness } from "./points.js";
import { Room } from "./labels.js";
import { LEVELS } from "./chart.js";

const svgHead = (width, height, serif, paper) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escapeXml(serif.replaceAll('"', "'"))}">` +
  `<rect width="100%" height="100%" fill="${paper}"/>`;
const r = (x) => Number(x.toFixed(1));

/** A canvas as a PNG file. */
export const toPng = (canvas) => new Promise((done) => canvas.toBlob(done, "image/png"));

/** An empty canvas on paper, twice as fine as the screen's. */
export function sheet(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width * 2;
  canvas.height = height * 2;
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  pen.fillStyle = colours().paper;
  pen.fillRect(0, 0, width, height);
  return { canvas, pen };
}

function laidOut(chart) {
  const { view } = chart;
  const room = new Room(view.width, view.height);
  const regions = chart.regionsIn(view);
  for (const region of regions) room.take(region.left - 6, region.y - region.size * 0.5, region.width + 12, region.size);
  return { regions, labels: chart.labelsIn(view, room) };
}

function eachPoint(chart, call) {
  const { view, points, look } = chart;
  for (let i = 0; i < points.n; i += 1) {
    const [x, y] = chart.toScreen(points.places[2 * i], points.places[2 * i + 1]);
    if (x < 0 || y < 0 || x > view.width || y > view.height) continue;
    const kind = points.kinds[i];
    call(x, y, kind === OUT ? look.size * 1.7 : look.size, kind === OUT ? look.colours.accent : look.colours.ink, kind === OUT ? 1 : kind === BACK ? 0.2 : 0.6);
  }
}

export const exportMap = {
  /** A table: of what is selected or found, or else of all. */
  text(chart) {
    const { points, texts } = chart;
    const indices = chart.out.length > 0 ? chart.out : texts.map((_, i) => i);
    const clean = (text) => text.replace(/[\t\n\r]+/g, " ");
    const rows = indices.map((i) => `${i}\t${points.places[2 * i].toFixed(5)}\t${points.places[2 * i + 1].toFixed(5)}\t${clean(texts[i] ?? "")}`);
    return `index\tx\ty\tsentence\n${rows.join("\n")}\n`;
  },

  svg(chart) {
    const { view, look } = chart;
    const { ink, accent, paper } = look.colours;
    const parts = [svgHead(Math.round(view.width), Math.round(view.height), look.serif, paper)];
    chart.lines?.lines.forEach((level, i) => {
      const d = level.map((line) => line.map(([x, y], k) => {
        const [sx, sy] = chart.toScreen(x, y);
        return `${k ? "L" : "M"}${r(sx)} ${r(sy)}`;
      }).join("")).join("");
      parts.push(`<path d="${d}" fill="none" stroke="${ink}" stroke-width="0.8" stroke-opacity="${faintness(i).toFixed(3)}" data-level="${LEVELS[i]}"/>`);
    });
    eachPoint(chart, (x, y, radius, colour, alpha) => parts.push(`<circle cx="${r(x)}" cy="${r(y)}" r="${r(radius)}" fill="${colour}" fill-opacity="${alpha}"/>`));
    const { regions, labels } = laidOut(chart);
    const write = (words, x, y, size, fill, style = "") =>
      parts.push(`<text x="${r(x)}" y="${r(y)}" font-size="${r(size)}" fill="${fill}" dominant-baseline="central"${style}>${escapeXml(words)}</text>`);
    for (const region of regions) write(region.words, region.left, region.y, region.size, ink, ' font-style="italic" fill-opacity="0.6"');
    for (const label of labels) write(label.words, label.x, label.y, 16.5, label.isOut ? accent : ink);
    return `${parts.join("\n")}\n</svg>\n`;
  },

  async png(chart) {
    const { view, look } = chart;
    const { canvas, pen } = sheet(view.width, view.height);
    eachPoint(chart, (x, y, radius, colour, alpha) => {
      pen.globalAlpha = alpha;
      pen.fillStyle = colour;
      pen.beginPath();
      pen.arc(x, y, radius, 0, 7);
      pen.fill();
    });
    pen.globalAlpha = 1;
    chart.drawContours(pen, view);
    const { regions, labels } = laidOut(chart);
    chart.drawRegions(pen, regions);
    pen.font = `16.5px ${look.serif}`;
    pen.textBaseline = "middle";
    for (const label of labels) {
      pen.fillStyle = label.isOut ? look.colours.accent : look.colours.ink;
      pen.fillText(label.words, label.x, label.y);
    }
    return toPng(canvas);
  },
};

/** How strongly a line stands where its neighbour says the same. */
const ECHO = 0.38;

const look = (cell, { ink, accent }) => ({ colour: cell.isPinned ? accent : ink, strength: cell.isEcho && !cell.isPinned ? ECHO : 1 });

/** Lines in cells, and the thread through those that are pinned: what is seen of a grid. Each cell has its
 * box and its words, as rows of a line. A picture has those that are whole. */
export const exportGrid = {
  text({ cells }) {
    const rows = new Map();
    for (const { row, text } of cells) rows.set(row, [...(rows.get(row) ?? []), text]);
    return `${[...rows.values()].map((row) => row.join("\t")).join("\n")}\n`;
  },

  svg({ cells, thread, dots, width, height }) {
    const { ink, accent, paper, serif } = colours();
    const parts = [svgHead(width, height, serif, paper)];
    if (thread.length > 1) {
      const d = thread.map(([x, y], i) => `${i ? "L" : "M"}${r(x)} ${r(y)}`).join("");
      parts.push(`<path d="${d}" fill="none" stroke="${accent}" stroke-width="1.2" stroke-dasharray="1 5" stroke-linecap="round"/>`);
    }
    for (const [x, y] of dots) parts.push(`<circle cx="${r(x)}" cy="${r(y)}" r="3" fill="${accent}"/>`);
    for (const cell of cells.filter((cell) => cell.isWhole)) {
      const { rows, x, y, size, leading } = cell;
      const { colour, strength } = look(cell, { ink, accent });
      const spans = rows.map((words, i) => `<tspan x="${r(x)}" y="${r(y + (i - (rows.length - 1) / 2) * leading)}">${escapeXml(words)}</tspan>`);
      parts.push(`<text text-anchor="middle" dominant-baseline="central" font-size="${r(size)}" fill="${colour}" fill-opacity="${strength}" stroke="${paper}" stroke-width="5" stroke-linejoin="round" paint-order="stroke">${spans.join("")}</text>`);
    }
    return `${parts.join("\n")}\n</svg>\n`;
  },

  async png({ cells, thread, dots, width, height }) {
    const { ink, accent, paper, serif } = colours();
    const { canvas, pen } = sheet(width, height);
    pen.strokeStyle = pen.fillStyle = accent;
    pen.lineWidth = 1.2;
    pen.lineCap = "round";
    pen.setLineDash([1, 5]);
    pen.beginPath();
    for (const [x, y] of thread) pen.lineTo(x, y);
    pen.stroke();
    for (const [x, y] of dots) {
      pen.beginPath();
      pen.arc(x, y, 3, 0, 7);
      pen.fill();
    }
    // Paper around the letters keeps the thread off them.
    pen.setLineDash([]);
    pen.lineJoin = "round";
    pen.lineWidth = 5;
    pen.strokeStyle = paper;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const cell of cells.filter((cell) => cell.isWhole)) {
      const { rows, x, y, size, leading } = cell;
      const { colour, strength } = look(cell, { ink, accent });
      pen.font = `${size}px ${serif}`;
      pen.fillStyle = colour;
      const write = (how) => rows.forEach((words, i) => pen[how](words, x, y + (i - (rows.length - 1) / 2) * leading));
      pen.globalAlpha = 1;
      write("strokeText");
      pen.globalAlpha = strength;
      write("fillText");
    }
    return toPng(canvas);
  },
};
