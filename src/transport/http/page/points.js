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
  a *= k > 1.5 ? 1.0 : (k > 0.5 ? dim : 0.5);
  colour = vec4((k > 1.5 ? accent : ink) * a, a);
}`;

/** Kinds of points: one among others, one that stands back, one that is pointed out. */
export const PLAIN = 0;
export const BACK = 1;
export const OUT = 2;
const DIM = 0.2;
const STRENGTHS = [0.5, DIM, 1];

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

/** As `graphics`, by hand: each point is stamped into the pixels of a picture that is then put whole. */
export function pixels() {
  let image = null;
  let words = null;
  return {
    name: "pixels",
    draw(view, points, look, pen) {
      const { canvas } = pen;
      if (!image || image.width !== canvas.width || image.height !== canvas.height) {
        image = new ImageData(canvas.width, canvas.height);
        words = new Uint32Array(image.data.buffer);
      }
      words.fill(0);
      const { width, height } = image;
      const scale = view.scale * look.density;
      const left = width / 2 - view.x * scale;
      const top = height / 2 + view.y * scale;
      const stamps = [PLAIN, BACK, OUT].map((kind) =>
        stamp(look.size * look.density * (kind === OUT ? 1.7 : 1), STRENGTHS[kind], width));
      const { places, kinds, n } = points;
      for (const isOut of [false, true]) {
        const [r, g, b] = isOut ? look.accent : look.ink;
        const colour = (b << 16) | (g << 8) | r;
        for (let i = 0; i < n; i += 1) {
          const kind = kinds[i];
          if ((kind === OUT) !== isOut) continue;
          const { side, offsets, alphas } = stamps[kind];
          const x = (left + places[2 * i] * scale - side / 2 + 0.5) | 0;
          const y = (top - places[2 * i + 1] * scale - side / 2 + 0.5) | 0;
          if (x < 0 || y < 0 || x + side > width || y + side > height) continue;
          const start = y * width + x;
          for (let k = 0; k < offsets.length; k += 1) {
            const at = start + offsets[k];
            const over = alphas[k];
            words[at] = ((over + (((words[at] >>> 24) * (256 - over)) >> 8)) << 24) | colour;
          }
        }
      }
      pen.putImageData(image, 0, 0);
    },
  };
}

/** A disc: where its pixels lie from its corner on, in a picture of a width, and their alphas. */
function stamp(radius, strength, width) {
  const side = Math.max(2, Math.ceil(radius * 2 + 1));
  const offsets = [];
  const alphas = [];
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const distance = Math.hypot(x + 0.5 - side / 2, y + 0.5 - side / 2);
      const alpha = Math.round(255 * strength * Math.min(1, Math.max(0, radius + 0.5 - distance)));
      if (alpha > 0) {
        offsets.push(y * width + x);
        alphas.push(alpha);
      }
    }
  }
  return { side, offsets: Int32Array.from(offsets), alphas: Uint8Array.from(alphas) };
}
