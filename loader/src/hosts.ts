// The hosts that a manifest asks for and a policy allows, as SPEC §5.2 writes them.

/** Whether one of `hosts` stands for the URL: without a port for https on 443, with one for http and https there. */
export function isGranted(url: string, hosts: readonly string[]): boolean {
  const { protocol, hostname, port } = new URL(url);
  switch (protocol) {
    case "https:":
      return (port === "" && hosts.includes(hostname)) || hosts.includes(`${hostname}:${port || "443"}`);
    case "http:":
      return hosts.includes(`${hostname}:${port || "80"}`);
    default:
      return false;
  }
}
