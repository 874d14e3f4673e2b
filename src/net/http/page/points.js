// Ten thousand points in a frame: with WebGL where a graphics card draws it, else into the pixels.

const VERTEX = `#version 300 es
in vec2 place; in float kind;
uniform vec2 middle, scale; uniform float size;
out float k;
void main() {
  gl_Position = vec4((place - middle) * scale, 0.0, 1.0);
  gl_PointSize = size * (kind > 1.5 ? 1.7 : 1.0);
  k = kind;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in float k; out vec4 colour;
uniform vec3 ink, accent; uniform float dim;
void main() {
  float r = length(gl_PointCoord - 0.5) * 2.0;
  float a = 1.0 - smoothstep(0.6, 1.0, r);
  a *= k > 1.5 ? 1.0 : (k > 0.5 ? dim : 0.6);
  colour = vec4((k > 1.5 ? accent : ink) * a, a);
}`;

/** Kinds of points: one among others, one that stands back, one that is pointed out. */
export const PLAIN = 0;
export const BACK = 1;
export const OUT = 2;
const DIM = 0.2;
const STRENGTHS = [0.6, DIM, 1];
/** Places within a pixel that a point can have. */
const QUARTERS = 4;

/** `draw(view, points, look)` into the canvas; null where there is no graphics card. */
export function graphics(canvas) {
  const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, failIfMajorPerformanceCaveat: true });
  if (!gl) return null;
  // Drawn by the processor it is slower than stamping them by hand.
  const renderer = gl.getParameter(gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  if (/swiftshader|llvmpipe|softpipe|software|basic render/i.test(renderer)) {
    gl.getExtension("WEBGL_lose_context")?.loseContext();
    return null;
  }
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  const uniform = (name) => gl.getUniformLocation(program, name);
  const at = Object.fromEntries(["middle", "scale", "size", "ink", "accent", "dim"].map((name) => [name, uniform(name)]));
  const buffers = ["place", "kind"].map((name, i) => {
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    const location = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, i === 0 ? 2 : 1, i === 0 ? gl.FLOAT : gl.UNSIGNED_BYTE, false, 0, 0);
    return buffer;
  });
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  return {
    name: "WebGL",
    draw(view, points, look) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      if (points.n === 0) return;
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers[0]);
      if (points.isMoved) gl.bufferData(gl.ARRAY_BUFFER, points.places.subarray(0, 2 * points.n), gl.DYNAMIC_DRAW);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers[1]);
      if (points.isMoved || points.isMarked) gl.bufferData(gl.ARRAY_BUFFER, points.kinds.subarray(0, points.n), gl.DYNAMIC_DRAW);
      gl.uniform2f(at.middle, view.x, view.y);
      gl.uniform2f(at.scale, (2 * view.scale) / view.width, (2 * view.scale) / view.height);
      gl.uniform1f(at.size, look.size * 2 * look.density);
      gl.uniform3fv(at.ink, look.ink.map((x) => x / 255));
      gl.uniform3fv(at.accent, look.accent.map((x) => x / 255));
      gl.uniform1f(at.dim, DIM);
      gl.drawArrays(gl.POINTS, 0, points.n);
    },
  };
}

/** Pixels beyond the canvas that are stamped too, so that a pan only shifts what is there. */
const MARGIN = 128;

/** As `graphics`, by hand: all is stamped into the pixels of a picture that is then put whole. */
export function pixels() {
  let image = null;
  let words = null;
  let stamped = {};
  return {
    name: "pixels",
    draw(view, points, look, pen, contours) {
      const { canvas } = pen;
      const [width, height] = [canvas.width + 2 * MARGIN, canvas.height + 2 * MARGIN];
      if (!image || image.width !== width || image.height !== height) {
        image = new ImageData(width, height);
        words = new Uint32Array(image.data.buffer);
      }
      const scale = view.scale * look.density;
      const key = [scale, look.size, look.ink, look.accent, width, height].join();
      const [x, y] = [Math.round((stamped.x - view.x) * scale), Math.round((view.y - stamped.y) * scale)];
      const isThere = key === stamped.key && contours === stamped.contours && !points.isMoved && !points.isMarked
        && Math.abs(x) <= MARGIN && Math.abs(y) <= MARGIN;
      if (isThere) return pen.putImageData(image, x - MARGIN, y - MARGIN);
      stamped = { key, contours, x: view.x, y: view.y };
      words.fill(0);
      const left = width / 2 - view.x * scale;
      const top = height / 2 + view.y * scale;
      contours?.forEach((lines, level) => stampLines(words, width, height, lines, left, top, scale, 255 * faintness(level), look.ink));
      stampPoints(words, width, height, points, left, top, scale, look);
      pen.putImageData(image, -MARGIN, -MARGIN);
    },
  };
}

const colourOf = ([r, g, b]) => (b << 16) | (g << 8) | r;

function stampPoints(words, width, height, { places, kinds, n }, left, top, scale, look) {
  const stamps = [PLAIN, BACK, OUT].map((kind) =>
    stamp(look.size * look.density * (kind === OUT ? 1.7 : 1), STRENGTHS[kind], width));
  for (const isOut of [false, true]) {
    const colour = colourOf(isOut ? look.accent : look.ink);
    for (let i = 0; i < n; i += 1) {
      const kind = kinds[i];
      if ((kind === OUT) !== isOut) continue;
      const { side, shifted } = stamps[kind];
      const exactX = left + places[2 * i] * scale - side / 2;
      const exactY = top - places[2 * i + 1] * scale - side / 2;
      if (exactX < 0 || exactY < 0 || exactX + side > width || exactY + side > height) continue;
      const x = exactX | 0;
      const y = exactY | 0;
      const { offsets, alphas } = shifted[(((exactY - y) * QUARTERS) | 0) * QUARTERS + (((exactX - x) * QUARTERS) | 0)];
      const start = y * width + x;
      for (let k = 0; k < offsets.length; k += 1) {
        const at = start + offsets[k];
        const over = alphas[k];
        words[at] = ((over + (((words[at] >>> 24) * (256 - over)) >> 8)) << 24) | colour;
      }
    }
  }
}

function stampLines(words, width, height, lines, left, top, scale, alpha, ink) {
  const colour = colourOf(ink);
  for (const line of lines) {
    for (let i = 1; i < line.length; i += 1) {
      const from = line[i - 1];
      const to = line[i];
      stroke(words, width, height, left + from[0] * scale, top - from[1] * scale, left + to[0] * scale, top - to[1] * scale, alpha, colour);
    }
  }
}

/** How faint the contours of a level are: the denser, the stronger. */
export const faintness = (level) => 0.12 + 0.035 * level;

/** A thin line, each step shared by the two pixels that it passes between (Wu 1991). */
function stroke(words, width, height, x0, y0, x1, y1, alpha, colour) {
  if (Math.min(x0, x1) < 1 || Math.min(y0, y1) < 1 || Math.max(x0, x1) > width - 2 || Math.max(y0, y1) > height - 2) return;
  const [dx, dy] = [x1 - x0, y1 - y0];
  const steps = Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)));
  const isFlat = Math.abs(dx) >= Math.abs(dy);
  const next = isFlat ? width : 1;
  for (let i = 0; i < steps; i += 1) {
    const x = x0 + (dx * i) / steps;
    const y = y0 + (dy * i) / steps;
    const share = isFlat ? y - (y | 0) : x - (x | 0);
    const at = (isFlat ? y | 0 : Math.round(y)) * width + (isFlat ? Math.round(x) : x | 0);
    const [a, b] = [(alpha * (1 - share)) | 0, (alpha * share) | 0];
    words[at] = ((a + (((words[at] >>> 24) * (256 - a)) >> 8)) << 24) | colour;
    words[at + next] = ((b + (((words[at + next] >>> 24) * (256 - b)) >> 8)) << 24) | colour;
  }
}

/** A disc, as it falls on pixels when its corner lies at each quarter of one: offsets and alphas. */
function stamp(radius, strength, width) {
  const side = Math.ceil(radius * 2 + 2);
  const shifted = Array.from({ length: QUARTERS * QUARTERS }, (_, quarter) => {
    const middleX = side / 2 + ((quarter % QUARTERS) + 0.5) / QUARTERS;
    const middleY = side / 2 + (Math.floor(quarter / QUARTERS) + 0.5) / QUARTERS;
    const offsets = [];
    const alphas = [];
    for (let y = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1) {
        const distance = Math.hypot(x + 0.5 - middleX, y + 0.5 - middleY);
        const alpha = Math.round(255 * strength * Math.min(1, Math.max(0, radius + 0.5 - distance)));
        if (alpha < 6) continue;
        offsets.push(y * width + x);
        alphas.push(alpha);
      }
    }
    return { offsets: Int32Array.from(offsets), alphas: Uint8Array.from(alphas) };
  });
  return { side, shifted };
}
