import sanitizeHtml from "sanitize-html";

export default () => [
  sanitizeHtml('<p onclick="x()">Hi <script>alert(1)</script><a href="javascript:x">l</a> <b style="color:red">b</b></p>'),
  sanitizeHtml('<a href="/x" target="_blank">t</a><img src="data:x">', { allowedTags: ["a"], transformTags: { a: sanitizeHtml.simpleTransform("a", { rel: "nofollow" }) } }),
  sanitizeHtml('<p style="color:#fff;position:fixed">x</p>', { allowedAttributes: { p: ["style"] }, allowedStyles: { p: { color: [/^#/] } } }),
];
