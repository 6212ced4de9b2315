// A runtime for one function, in the place of Lambda's own, which is not published: the loop over the
// Runtime API and nothing else, so Node has less to start here than on Lambda.
import http from "node:http";
import path from "node:path";

const agent = new http.Agent({ keepAlive: true });
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

function call(method, name, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method, path: `/2018-06-01/runtime/${name}` }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function run() {
  const { handler } = await import(path.resolve(process.argv[2]));
  for (;;) {
    const { headers, text } = await call("GET", "invocation/next");
    const id = headers["lambda-runtime-aws-request-id"];
    const deadline = Number(headers["lambda-runtime-deadline-ms"]);
    const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() };
    try {
      const answer = await handler(JSON.parse(text), context);
      await call("POST", `invocation/${id}/response`, JSON.stringify(answer));
    } catch (error) {
      const body = { errorType: error.name, errorMessage: `${error.stack}` };
      await call("POST", `invocation/${id}/error`, JSON.stringify(body));
    }
  }
}

run().catch(async (error) => {
  await call("POST", "init/error", JSON.stringify({ errorType: error.name, errorMessage: `${error.stack}` }));
  process.exit(1);
});
