// Webhooks as delayed jobs of BullMQ. Run by benchmarks.peers; NODE_PATH says where BullMQ is.
const http = require("node:http");
const { Queue, Worker } = require("bullmq");

const connection = { path: process.env.PEER_REDIS_URL.replace("unix://", ""), maxRetriesPerRequest: null };
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

function post({ url, headers, body }) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: "POST", agent, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function load() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const spec = JSON.parse(Buffer.concat(chunks).toString());
  const given = Object.fromEntries(spec.headers.map((line) => line.split(/: (.*)/s).slice(0, 2)));
  const queue = new Queue("peer", { connection });
  for (let start = 0; start < spec.times_ms.length; start += 500) {
    await queue.addBulk(
      spec.times_ms.slice(start, start + 500).map((at) => ({
        name: "webhook",
        data: {
          url: spec.url,
          body: spec.body,
          headers: { ...given, "Content-Length": Buffer.byteLength(spec.body), "webhook-id": at.toString(16).padStart(12, "0") },
        },
        opts: { delay: at - Date.now(), removeOnComplete: true },
      })),
    );
  }
  await queue.close();
  process.stdout.write(String(spec.times_ms.length));
}

if (process.argv[2] === "work") {
  new Worker("peer", (job) => post(job.data), { connection, concurrency: 64 });
} else {
  load();
}
