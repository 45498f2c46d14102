// The “?” beside a heading: it leads to the part of the manual that explains what is below.
import { Link } from "wouter";
import { guideNamed, guidePath } from "../guides";
import classes from "./help-link.module.css";
import { HelpIcon } from "./icons";

interface GuideLinkProps {
  /** The name of the guide, as its file in `docs/guide` has it. */
  guide: string;
  /** The id of one of its sections, as GitHub makes it from the title. */
  section?: string;
}

export function GuideLink({ guide, section }: GuideLinkProps) {
  const found = guideNamed(guide);
  const part = found?.sections.find(({ id }) => id === section);
  const title = `Guide: ${[found?.title ?? guide, part?.title].filter(Boolean).join(" – ")}`;
  return (
    <Link href={guidePath(guide, section)} className={classes.help} title={title} aria-label={title}>
      <HelpIcon />
    </Link>
  );
}

/** What a heading takes as its `guide`: `cache`, or `cache#limits` for a section. */
export function HeadingGuide({ address }: { address: string | undefined }) {
  if (address === undefined) {
    return null;
  }
  const [guide = "", section] = address.split("#");
  return <GuideLink guide={guide} section={section} />;
}
