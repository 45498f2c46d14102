// The text of a guide.
import { Fragment, type ReactNode } from "react";
import { Link } from "wouter";
import { server } from "../../api/client";
import { guidePath } from "../../guides";
import { plain, type Block, type Inline, type LinkTarget } from "../../guides/document";
import { Lines } from "../../parts/copy";
import { Code } from "../../parts/key-link";
import classes from "./guides.module.css";

/** The id of the heading of a section. */
export function anchorOf(section: string): string {
  return `section-${section}`;
}

export function GuideBody({ blocks }: { blocks: Block[] }) {
  // The page head already shows the title.
  const text = blocks.filter((block) => block.kind !== "heading" || block.level > 1);
  return (
    <article className={classes.text}>
      <Blocks blocks={text} />
    </article>
  );
}

function Blocks({ blocks }: { blocks: Block[] }) {
  // A guide never changes while it is shown, so indices are stable keys, here and below.
  return blocks.map((block, index) => <Piece key={index} block={block} />);
}

function Piece({ block }: { block: Block }) {
  switch (block.kind) {
    case "heading": {
      const Heading = block.level === 2 ? "h2" : "h3";
      return (
        <Heading id={anchorOf(block.id)} tabIndex={-1}>
          <Text content={block.content} />
        </Heading>
      );
    }
    case "paragraph":
      return (
        <p>
          <Text content={block.content} />
        </p>
      );
    case "code":
      return <Lines text={block.text} what="these lines" />;
    case "list": {
      const List = block.ordered ? "ol" : "ul";
      return (
        <List>
          {block.items.map((item, index) => (
            <li key={index}>
              <Blocks blocks={item} />
            </li>
          ))}
        </List>
      );
    }
    case "table":
      return <Grid head={block.head} rows={block.rows} />;
  }
}

/** A table whose rows become cards in narrow windows. Explicit roles keep the semantics when `display` changes. */
function Grid({ head, rows }: { head: Inline[][]; rows: Inline[][][] }) {
  return (
    <table className={classes.table} role="table">
      <thead role="rowgroup">
        <tr role="row">
          {head.map((cell, index) => (
            <th key={index} role="columnheader" scope="col">
              <Text content={cell} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row, index) => (
          <tr key={index} role="row">
            {row.map((cell, column) => (
              <td key={column} role="cell" data-label={plain(head[column] ?? [])}>
                <Text content={cell} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Text({ content }: { content: Inline[] }): ReactNode {
  return content.map((piece, index) => <Fragment key={index}>{inline(piece)}</Fragment>);
}

function inline(piece: Inline): ReactNode {
  if (typeof piece === "string") {
    return piece;
  }
  switch (piece.kind) {
    case "code":
      return <Code text={piece.text} />;
    case "strong":
      return (
        <strong>
          <Text content={piece.content} />
        </strong>
      );
    case "emphasis":
      return (
        <em>
          <Text content={piece.content} />
        </em>
      );
    case "link":
      return (
        <To target={piece.to}>
          <Text content={piece.content} />
        </To>
      );
  }
}

function To({ target, children }: { target: LinkTarget; children: ReactNode }) {
  switch (target.kind) {
    case "guide":
      return <Link href={guidePath(target.guide, target.section)}>{children}</Link>;
    case "page":
      return <Link href={target.path}>{children}</Link>;
    case "server":
      return <a href={server + target.path}>{children}</a>;
    case "web":
      return (
        <a href={target.url} rel="noreferrer">
          {children}
        </a>
      );
  }
}
