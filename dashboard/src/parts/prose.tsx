// Text from the server in which backticks mark code.
import { Fragment } from "react";
import { Code } from "./key-link";

export function Prose({ text }: { text: string }) {
  return (
    <>
      {text.split("`").map((piece, index) => (
        // The pieces have no ids; their index is a stable key.
        <Fragment key={index}>{index % 2 === 1 ? <Code text={piece} /> : piece}</Fragment>
      ))}
    </>
  );
}
