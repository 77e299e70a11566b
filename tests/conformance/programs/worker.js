// Workers: questions in a request, answers in the response.

import { failure, report } from "./report.js";

export default {
  /** @param {Request} request */
  async fetch(request) {
    const text = await request.text();
    return Response.json(text === "" ? await failure() : await report(JSON.parse(text)));
  },
};
