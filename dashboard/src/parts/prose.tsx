// A sentence from the server in which backticks mark what is code.
import { Fragment } from "react";
import { Code } from "./key-link";

export function Prose({ text }: { text: string }) {
  return (
    <>
      {text.split("`").map((piece, index) => (
        // Pieces have no identity of their own; their place is it.
        <Fragment key={index}>{index % 2 === 1 ? <Code text={piece} /> : piece}</Fragment>
      ))}
    </>
  );
}
