// Browsers: the page asks its server for the questions, and sends it the answers.

import { failure, report } from "./report.js";

const answer = async () => {
  try {
    const text = await (await fetch("/questions")).text();
    return { answered: text === "" ? await failure() : await report(JSON.parse(text)) };
  } catch (error) {
    return { failed: error instanceof Error ? error.stack : String(error) };
  }
};
await fetch("/answers", { method: "POST", body: JSON.stringify(await answer()) });
