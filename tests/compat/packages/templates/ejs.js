import ejs from "ejs";

const view = ejs.compile("<% for (const n of list) { -%>\n<li><%= n %></li>\n<% } -%>\n<%- raw %>");

export default () => view({ list: [1, "<2>"], raw: "<hr>" });
