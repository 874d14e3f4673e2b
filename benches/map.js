// A map by tsne-js, as benches/map.rs measures it beside its own.
//
//     npm install tsne-js                    (NODE_PATH names the node_modules it lies in)
//     node benches/map.js VECTORS WIDTH OUT ITERATIONS
//
// VECTORS and OUT are files of little-endian f32, one vector or point after the other. Prints seconds,
// without reading and writing.

const fs = require("fs");
const TSNE = require("tsne-js");

const [vectors, width, out, iterations] = process.argv.slice(2);
const bytes = fs.readFileSync(vectors);
const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
const data = [];
for (let i = 0; i < numbers.length; i += Number(width)) {
  data.push(Array.from(numbers.subarray(i, i + Number(width))));
}
const start = process.hrtime.bigint();
const model = new TSNE({
  dim: 2,
  perplexity: 30,
  earlyExaggeration: 4,
  learningRate: 100,
  nIter: Number(iterations),
  metric: "euclidean",
});
model.init({ data, type: "dense" });
model.run();
const points = model.getOutput();
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
fs.writeFileSync(out, Buffer.from(Float32Array.from(points.flat()).buffer));
console.log(seconds);
