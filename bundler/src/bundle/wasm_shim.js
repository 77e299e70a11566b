// The runtime's `WebAssembly` for packages that bring their binaries as bytes. The bundler has put a small binary in the
// place of each, which holds nothing but the name of a module that is there already: what the package compiles is that.
const native = globalThis.WebAssembly;
const modules = new Map();
const HEAD = [0, 97, 115, 109, 1, 0, 0, 0, 0];
const MARK = "cidery";
const DATA = "data:application/wasm;base64,";

const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

export function register(name, module) {
  modules.set(name, module);
  // A custom section: its size, the size of its name, its name, its content. Asset names have at most 90 characters.
  const content = [...(MARK + name)].map((character) => character.charCodeAt(0));
  const bytes = Uint8Array.from([...HEAD, content.length + 1, MARK.length, ...content]);
  const base64 = toBase64(bytes);
  return { base64, bytes: Array.from(bytes), url: DATA + base64 };
}

function known(source) {
  if (!(source instanceof ArrayBuffer) && !ArrayBuffer.isView(source)) return undefined;
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  if (bytes.length > 256 || HEAD.some((byte, at) => bytes[at] !== byte)) return undefined;
  return modules.get(String.fromCharCode(...bytes.subarray(HEAD.length + 2 + MARK.length, HEAD.length + 1 + bytes[HEAD.length])));
}

function Module(source) {
  return known(source) ?? new native.Module(source);
}
Module.prototype = native.Module.prototype;
Object.setPrototypeOf(Module, native.Module);

const compile = async (source) => known(source) ?? native.compile(source);
const instantiate = async (source, imports) => {
  const module = known(source);
  if (module === undefined) return native.instantiate(source, imports);
  return { module, instance: await native.instantiate(module, imports) };
};
const bytesOf = async (response) => (await response).arrayBuffer();

export const WebAssembly = Object.assign(Object.create(native), {
  Module,
  compile,
  instantiate,
  compileStreaming: async (response) => compile(await bytesOf(response)),
  instantiateStreaming: async (response, imports) => instantiate(await bytesOf(response), imports),
  validate: (source) => known(source) !== undefined || native.validate(source),
});

// `fetch` of such a binary's URL needs no network. A body would be refused before the first request; this one is no stream.
export async function fetch(input, init) {
  const url = String(input?.url ?? input);
  if (!url.startsWith(DATA)) return globalThis.fetch(input, init);
  const bytes = Uint8Array.from(atob(url.slice(DATA.length)), (character) => character.charCodeAt(0));
  const response = new Response(null, { headers: { "content-type": "application/wasm" } });
  return Object.defineProperty(response, "arrayBuffer", { value: async () => bytes.buffer });
}
