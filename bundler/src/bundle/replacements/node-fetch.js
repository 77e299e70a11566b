module.exports = exports = (input, init) => fetch(input, init);
Object.defineProperty(exports, "__esModule", { value: true });
Object.assign(exports, { default: exports, Headers, Request, Response, FormData, Blob, File });
