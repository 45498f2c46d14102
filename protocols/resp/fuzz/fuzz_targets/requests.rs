//! Splits any bytes at lengths from the first part of the input, and checks the same property as the property tests.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (cuts, bytes) = input;
    let cuts: Vec<usize> = cuts.into_iter().map(usize::from).collect();
    outrigger_resp::invariants::splitting_does_not_change_the_result(&bytes, &cuts);
});
