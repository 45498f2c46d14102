// The table of contents of a long page: a list at its side, or a select above it in narrow windows.
import { useCallback, useEffect, useState, type MouseEvent, type ReactNode } from "react";
import { Link } from "wouter";
import classes from "./section-index.module.css";
import { Select } from "./select";

/** The maximum distance of the current section's heading from the top of the window, in pixels. */
const READING_LINE = 180;

export interface IndexedSection {
  /** The id of the section's element. */
  anchor: string;
  title: string;
  href: string;
}

interface SectionIndexProps {
  label: string;
  sections: IndexedSection[];
  /** Called when the user chooses a section. The page updates the URL and scrolls there. */
  onGo: (section: IndexedSection) => void;
  children: ReactNode;
}

export function SectionIndex({ label, sections, onGo, children }: SectionIndexProps) {
  const here = useSectionInView(sections);
  const go = useCallback(
    (event: MouseEvent, section: IndexedSection) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        onGo(section);
      }
    },
    [onGo],
  );
  return (
    <div className={classes.page}>
      <div className={classes.index}>
        <nav aria-label={label} className={classes.side}>
          <ul>
            {sections.map((section) => (
              <li key={section.anchor}>
                <Link
                  href={section.href}
                  aria-current={section.anchor === here ? "location" : undefined}
                  onClick={(event) => go(event, section)}
                >
                  {section.title}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className={classes.above}>
          <Select
            label={label}
            quiet
            value={here}
            options={sections.map(({ anchor, title }) => ({ value: anchor, label: title }))}
            onChange={(anchor) => {
              const chosen = sections.find((section) => section.anchor === anchor);
              if (chosen !== undefined) {
                onGo(chosen);
              }
            }}
          />
        </div>
      </div>
      <div className={classes.content}>{children}</div>
    </div>
  );
}

/** Scrolls to an element and focuses it. The element may be rendered a moment later. */
export function moveTo(anchor: string): void {
  // After the shell has scrolled the new page to its top.
  requestAnimationFrame(() => {
    const element = document.getElementById(anchor);
    element?.scrollIntoView({ block: "start" });
    element?.focus({ preventScroll: true });
  });
}

/** The anchor of the current section: the last one that begins above the reading line, or the first one at the top of the page. */
function useSectionInView(sections: IndexedSection[]): string {
  const [here, setHere] = useState("");
  useEffect(() => {
    let frame = 0;
    function look() {
      frame = 0;
      const begun = sections.filter(({ anchor }) => {
        const element = document.getElementById(anchor);
        return element !== null && element.getBoundingClientRect().top < READING_LINE;
      });
      const atEnd = window.scrollY > 0 && window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 2;
      setHere((atEnd ? sections.at(-1) : begun.at(-1))?.anchor ?? sections[0]?.anchor ?? "");
    }
    function later() {
      frame ||= requestAnimationFrame(look);
    }
    later();
    window.addEventListener("scroll", later, { passive: true });
    window.addEventListener("resize", later);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("scroll", later);
      window.removeEventListener("resize", later);
    };
  }, [sections]);
  return here;
}
