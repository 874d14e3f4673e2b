// The voyage's thread on the chart: where it has been, and the line that it is at.

const GLIDE_MS = 1100;

/** Draws the thread. Answers where its head is, and what stands there. */
export function drawThread(chart, pen, view, now, room) {
  const { trail } = chart;
  if (trail.length === 0) return null;
  const last = trail.at(-1);
  const before = trail.at(-2) ?? last;
  const share = Math.min(1, (now - last.at) / GLIDE_MS);
  const eased = share * share * (3 - 2 * share);
  const head = { x: before.x + (last.x - before.x) * eased, y: before.y + (last.y - before.y) * eased };
  const points = [...trail.slice(0, -1), head].map(({ x, y }) => chart.toScreen(x, y, view));
  pen.strokeStyle = chart.look.colours.accent;
  pen.lineCap = "round";
  pen.lineJoin = "round";
  // Older parts are fainter. Each is a curve through the middles, so that the thread has no corners.
  for (let i = 1; i < points.length; i += 1) {
    const [x0, y0] = i > 1 ? middle(points[i - 2], points[i - 1]) : points[0];
    const isLast = i === points.length - 1;
    const [x1, y1] = isLast ? points[i] : middle(points[i - 1], points[i]);
    const age = (points.length - 1 - i) / trail.length;
    pen.globalAlpha = 0.75 * (1 - age) ** 1.6;
    pen.lineWidth = 1.3;
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.quadraticCurveTo(points[i - 1][0], points[i - 1][1], x1, y1);
    pen.stroke();
  }
  const [x, y] = points.at(-1);
  pen.globalAlpha = 1;
  pen.fillStyle = chart.look.colours.accent;
  pen.beginPath();
  pen.arc(x, y, 4.5, 0, 7);
  pen.fill();
  pen.font = `20px ${chart.look.serif}`;
  const words = last.line;
  const width = pen.measureText(words).width;
  const left = Math.max(8, Math.min(x + 14, view.width - width - 10));
  const top = left < x + 14 ? y + 26 : y;
  room?.take(left - 6, top - 16, width + 12, 32);
  return { words, left, top, width };
}

/** The line at the head, on a ground of its own, since it is the one to read. */
export function drawWords(chart, pen, { words, left, top, width }) {
  pen.fillStyle = chart.look.colours.paper;
  pen.globalAlpha = 0.86;
  pen.fillRect(left - 6, top - 15, width + 12, 30);
  pen.globalAlpha = 1;
  pen.fillStyle = chart.look.colours.accent;
  pen.font = `20px ${chart.look.serif}`;
  pen.textBaseline = "middle";
  pen.fillText(words, left, top);
}

const middle = ([x0, y0], [x1, y1]) => [(x0 + x1) / 2, (y0 + y1) / 2];
