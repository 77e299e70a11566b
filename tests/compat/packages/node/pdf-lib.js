import { PDFDocument, StandardFonts, degrees, rgb } from "pdf-lib";

export default async () => {
  const pdf = await PDFDocument.create({ updateMetadata: false });
  const font = await pdf.embedFont(StandardFonts.TimesRoman);
  const page = pdf.addPage([300, 200]);
  page.drawText("Content addressed", { x: 20, y: 100, size: 18, font, color: rgb(0, 0.5, 0.5), rotate: degrees(-5) });
  pdf.setTitle("T ü");
  const bytes = await pdf.save({ useObjectStreams: true });
  const back = await PDFDocument.load(bytes, { updateMetadata: false });
  return [back.getTitle(), back.getPage(0).getSize(), font.widthOfTextAtSize("Content", 18), bytes.length, Buffer.from(bytes.subarray(0, 8)).toString("latin1")];
};
