// Name the class of samples: node predict.js model.onnx model.json samples.json
const { readFileSync } = require("node:fs");
const ort = require("onnxruntime-node");

async function load(model, facts) {
  const session = await ort.InferenceSession.create(model);
  // The package does not show what a model carries: `freqnet export --json` wrote it to a file.
  return { session, facts: JSON.parse(readFileSync(facts, "utf8")).metadata };
}

// The class and its probability for each of the samples, nested lists (batch, *grid, channels) of pixels.
async function predict({ session, facts }, samples) {
  const numbers = Float32Array.from(samples.flat(Infinity), (n) => n / (facts.full_scale ?? 1));
  const shape = [samples.length, ...facts.grid, facts.channels];
  const { outputs } = await session.run({ samples: new ort.Tensor("float32", numbers, shape) });
  return samples.map((_, i) => {
    const logits = outputs.data.subarray(i * facts.outputs, (i + 1) * facts.outputs);
    const most = Math.max(...logits);
    const shares = Array.from(logits, (n) => Math.exp(n - most));
    const total = shares.reduce((a, b) => a + b);
    return { name: facts.output_names[logits.indexOf(most)], share: 1 / total };
  });
}

async function main([model, facts, file]) {
  const found = await predict(await load(model, facts), JSON.parse(readFileSync(file, "utf8")));
  for (const { name, share } of found) console.log(name, share.toFixed(3));
}

if (require.main === module) main(process.argv.slice(2));
module.exports = { load, predict };
