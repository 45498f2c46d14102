// The mark: an outrigger canoe from above. The hull is the application, the float beside it is us.

export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32" fill="none">
      <path
        d="M11 10.500c5 1.600 9.500 1.600 14 .5M11 21.500c5-1.600 9.500-1.600 14-.5"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
      />
      <path
        fill="currentColor"
        d="M11 1c3.600 4.600 5 9.400 5 15s-1.400 10.400-5 15c-3.600-4.600-5-9.400-5-15s1.400-10.400 5-15Z"
      />
      <path
        fill="var(--float)"
        d="M25 6.500c1.700 2.900 2.400 6 2.400 9.500s-.7 6.600-2.400 9.500c-1.700-2.900-2.400-6-2.400-9.500s.7-6.600 2.400-9.500Z"
      />
    </svg>
  );
}
