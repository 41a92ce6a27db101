/** Hands a file that the window made to the operator's downloads. `content` is UTF-8 where it is a text. */
export function saveFile(fileName: string, content: string | Blob, mediaType = "text/plain;charset=utf-8"): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type: mediaType }) : content);
  link.download = fileName;
  link.click();
  // A save dialog may stand open for a while before the content is read.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
