import { Eta } from "eta";

const eta = new Eta();
const list = eta.compile("<% it.items.forEach((item, i) => { %><li><%= i %>: <%= item %></li><% }) %><%~ it.raw %>");

export default () => list.call(eta, { items: ["<a>", "b"], raw: "<hr>" });
