// Stands before the loader Worker: every request is one to the package that this process runs.

export default {
  fetch(request, { PREFIX, loader }) {
    const url = new URL(request.url);
    url.pathname = PREFIX + url.pathname;
    return loader.fetch(new Request(url, request));
  },
};
