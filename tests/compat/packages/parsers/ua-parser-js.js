import { UAParser } from "ua-parser-js";

export default () => {
  const parse = (agent) => {
    const { browser, os, device, engine } = UAParser(agent);
    return [browser.name, browser.major, os.name, os.version, device.model, engine.name];
  };
  return [parse("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"), parse("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")];
};
