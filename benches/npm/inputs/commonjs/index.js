const debug = require("debug")("bench");
const _ = require("lodash");
const ms = require("ms");
const qs = require("qs");

module.exports = {
  fetch(request) {
    const query = qs.parse(new URL(request.url).search.slice(1));
    debug("asked %o", query);
    return Response.json(_.mapValues(query, (value) => ms(String(value))));
  },
};
