import * as cheerio from "cheerio";

export default () => {
  const $ = cheerio.load("<ul id=fruits><li class=apple>Apple<li class=pear data-n=2>Pear</ul>");
  $("#fruits").prepend("<li>Plum</li>").find(".apple").addClass("red").attr("title", "a & b");
  return { texts: $("li").map((_, li) => $(li).text()).get(), data: $(".pear").data("n"), html: $.html("#fruits"), next: $(".apple").next().text(), extract: $.extract({ all: ["li"] }) };
};
