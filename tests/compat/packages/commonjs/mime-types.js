import mime from "mime-types";

export default () => [mime.lookup("a/b.wasm"), mime.contentType("x.md"), mime.extension("image/svg+xml; charset=x"), mime.charset("text/plain"), mime.lookup("nothing"), mime.types.mjs];
