// Reads documents in base64, one per line, and answers all of them after an empty line, one per line:
// `=` and the form in base64, or `!` and why it has none.
"use strict";

// Strict UTF-8, and a byte order mark stays in the text for JSON.parse to refuse.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function answer(line) {
  try {
    const form = JSON.stringify(JSON.parse(utf8.decode(Buffer.from(line, "base64"))));
    return "=" + Buffer.from(form, "utf8").toString("base64");
  } catch (error) {
    return "!" + String(error).replaceAll(/\s+/g, " ");
  }
}

let batch = [];
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  // An empty document is sent as `=`.
  if (line !== "") {
    batch.push(line);
    return;
  }
  process.stdout.write(batch.map((line) => answer(line) + "\n").join(""));
  batch = [];
});
