import nodemailer from "nodemailer";

export default async () => {
  const transport = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: "unix" });
  const { envelope, message } = await transport.sendMail({ from: "Ada <ada@example.com>", to: ["bob@example.com", "Ü <u@example.com>"], subject: "Grüße", text: "plain ☂", html: "<b>rich</b>", date: new Date(0), messageId: "<1@example.com>", attachments: [{ filename: "a.txt", content: "data" }] });
  const boundary = /boundary="([^"]+)"/.exec(message)[1].replace(/-Part_\d+$/, "");
  return [envelope, String(message).replaceAll(boundary, "BOUNDARY")];
};
