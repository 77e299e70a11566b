import punycode from "punycode/punycode.js";

export default () => [punycode.toASCII("mañana.com"), punycode.toUnicode("xn--maana-pta.com"), punycode.encode("☂ü"), punycode.decode("wgv71a119e"), punycode.ucs2.decode("𝌆a"), punycode.version.split(".").length];
