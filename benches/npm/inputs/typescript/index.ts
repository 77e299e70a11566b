interface Greeting {
  readonly name: string;
  readonly at: Date;
}

const greet = ({ name, at }: Greeting): string => `Hello, ${name}! It is ${at.toISOString()}.`;

export default {
  fetch(request: Request): Response {
    const name = new URL(request.url).searchParams.get("name") ?? "world";
    return new Response(greet({ name, at: new Date() }), { headers: { "content-type": "text/plain" } });
  },
};
