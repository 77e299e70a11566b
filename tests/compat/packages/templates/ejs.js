import ejs from "ejs";

export default () => ejs.render("<% for (const n of list) { -%>\n<li><%= n %></li>\n<% } -%>\n<%- raw %>", { list: [1, "<2>"], raw: "<hr>" });
