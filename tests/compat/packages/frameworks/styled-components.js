import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import { ServerStyleSheet, ThemeProvider, css, keyframes, styled } from "styled-components";

const spin = keyframes`from { rotate: 0deg } to { rotate: 360deg }`;
const Button = styled.button.attrs({ type: "button" })`color: ${({ theme }) => theme.main}; &:hover { ${css`animation: ${spin} 1s`}; } ${({ $big }) => $big && "padding: 9px;"}`;
const Link = styled(Button).withConfig({ displayName: "Link" })`margin: 0;`;

export default () => {
  const sheet = new ServerStyleSheet();
  const html = renderToString(sheet.collectStyles(h(ThemeProvider, { theme: { main: "red" } }, h(Button, { $big: true }, "x"), h(Link, { as: "a", href: "#" }, "y"))));
  const style = sheet.getStyleTags().replace(/data-styled-version="[^"]*"/, "");
  sheet.seal();
  return [html, style];
};
