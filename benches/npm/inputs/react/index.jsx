import { useState } from "react";
import { createRoot } from "react-dom/client";
import { renderToReadableStream } from "react-dom/server.edge";

function Counter({ from }) {
  const [count, setCount] = useState(from);
  return <button onClick={() => setCount(count + 1)}>{count}</button>;
}

export const mount = (element) => createRoot(element).render(<Counter from={1} />);

export default {
  fetch: async () => new Response(await renderToReadableStream(<Counter from={1} />)),
};
