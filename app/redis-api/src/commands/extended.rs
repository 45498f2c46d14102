//! Decimal numbers with the precision of `INCRBYFLOAT`: a mantissa of 64 bits, rounded to nearest.
//!
//! Redis computes in the x87 80-bit format and prints 17 digits after the point. With the usual 53 bits, 10.1 plus 0.2 would
//! print as 10.29999999999999893; with 64 bits, the error lies beyond the printed digits. To return the same text, this module
//! implements that format with integers: parsing and printing are exact, and an addition rounds once.

use std::{cmp::Ordering, fmt};

/// The longest text in bytes that is parsed as a number.
const TEXT_MAX: usize = 5 * 1024 - 1;
/// Decimal exponents outside of this range are infinity or zero in 80 bits and are not computed.
const DECIMAL_EXPONENTS: std::ops::RangeInclusive<i64> = -4_951..=4_935;
/// Values with this many bits or more are infinite.
const BITS_MAX: i32 = 16_384;
/// The number of digits printed after the point.
const FRACTION_DIGITS: u32 = 17;

/// A finite number: `mantissa` times two to the power of `exponent`. The highest bit of the mantissa is set unless the number
/// is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extended {
    is_negative: bool,
    exponent: i32,
    mantissa: u64,
}

impl Extended {
    pub(super) const ZERO: Self = Self {
        is_negative: false,
        exponent: 0,
        mantissa: 0,
    };

    /// Returns whether the text is infinity, which can be parsed but not added.
    pub(super) fn is_infinity(text: &[u8]) -> bool {
        let unsigned = match text {
            [b'-' | b'+', rest @ ..] => rest,
            rest => rest,
        };
        [&b"inf"[..], b"infinity"]
            .iter()
            .any(|name| unsigned.eq_ignore_ascii_case(name))
    }

    /// Parses a decimal number. Returns `None` for any other text, and if the number is too large or too small.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let (is_negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let decimal = Decimal::parse(rest)?;
        let magnitude = decimal.to_extended()?;
        Some(Self {
            is_negative,
            ..magnitude
        })
    }

    /// Returns the sum, or `None` if it is infinite.
    pub(super) fn add(self, other: Self) -> Option<Self> {
        /// Extra bits below the mantissa that receive the bits shifted out.
        const GUARD: u32 = 62;
        if self.mantissa == 0 || other.mantissa == 0 {
            return Some(if self.mantissa == 0 { other } else { self });
        }
        let (large, small) = if (self.exponent, self.mantissa) >= (other.exponent, other.mantissa) {
            (self, other)
        } else {
            (other, self)
        };
        let shift = large.exponent.abs_diff(small.exponent);
        let high = u128::from(large.mantissa) << GUARD;
        let low = u128::from(small.mantissa) << GUARD;
        let shifted = low.checked_shr(shift).unwrap_or(0);
        // Bits that were shifted out completely still affect the rounding.
        let is_inexact = shift > GUARD && (shift >= 128 || shifted << shift != low);
        let sum = if large.is_negative == small.is_negative {
            high + shifted
        } else {
            high - shifted - u128::from(is_inexact)
        };
        let exponent = large.exponent - GUARD as i32;
        Self::round(large.is_negative, sum, exponent, is_inexact)
    }

    /// Returns the number nearest to `magnitude` (plus a fraction, if it is inexact) times two to the power of `exponent`.
    fn round(is_negative: bool, magnitude: u128, exponent: i32, is_inexact: bool) -> Option<Self> {
        if magnitude == 0 {
            return Some(Self::ZERO);
        }
        let bits = 128 - magnitude.leading_zeros();
        let (mantissa, exponent) = if bits <= 64 {
            let shift = 64 - bits;
            ((magnitude as u64) << shift, exponent - shift as i32)
        } else {
            let shift = bits - 64;
            let kept = (magnitude >> shift) as u64;
            let rest = magnitude & ((1 << shift) - 1);
            let rounds_up = match rest.cmp(&(1 << (shift - 1))) {
                Ordering::Less => false,
                Ordering::Equal => is_inexact || kept & 1 == 1,
                Ordering::Greater => true,
            };
            let exponent = exponent + shift as i32;
            match kept.checked_add(rounds_up.into()) {
                Some(mantissa) => (mantissa, exponent),
                None => (1 << 63, exponent + 1),
            }
        };
        (exponent + 64 <= BITS_MAX).then_some(Self {
            is_negative,
            exponent,
            mantissa,
        })
    }
}

impl fmt::Display for Extended {
    /// Prints up to 17 digits after the point, without trailing zeros.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10u128.pow(FRACTION_DIGITS);
        let (whole, fraction) = if self.exponent >= 0 {
            let mut whole = Natural::from(u128::from(self.mantissa));
            whole.shift_left(self.exponent.unsigned_abs());
            (whole.to_string(), 0)
        } else {
            // The product of 64 and 57 bits fits into 128 bits.
            let scaled = u128::from(self.mantissa) * scale;
            let rounded = shift_right_rounded(scaled, self.exponent.unsigned_abs());
            ((rounded / scale).to_string(), rounded % scale)
        };
        let fraction = format!("{fraction:017}");
        let fraction = fraction.trim_end_matches('0');
        let sign = match (self.is_negative, whole.as_str(), fraction) {
            (false, ..) | (true, "0", "") => "",
            _ => "-",
        };
        let point = if fraction.is_empty() { "" } else { "." };
        write!(formatter, "{sign}{whole}{point}{fraction}")
    }
}

fn shift_right_rounded(value: u128, shift: u32) -> u128 {
    let Some(kept) = value.checked_shr(shift) else {
        return 0;
    };
    let rest = value & ((1 << shift) - 1);
    let half = 1 << (shift - 1);
    kept + u128::from(rest > half || rest == half && kept & 1 == 1)
}

/// A decimal number: digits and a power of ten.
struct Decimal {
    digits: Natural,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &[u8]) -> Option<Self> {
        let (mut digits, mut exponent) = (Natural::from(0), 0);
        let (mut count, mut has_point) = (0, false);
        let mut rest = text;
        while let [byte, tail @ ..] = rest {
            match byte {
                b'0'..=b'9' => {
                    digits.multiply_add(10, u32::from(byte - b'0'));
                    count += 1;
                    exponent -= i64::from(has_point);
                }
                b'.' if !has_point => has_point = true,
                b'e' | b'E' if count > 0 => {
                    exponent += parse_exponent(tail)?;
                    rest = &[];
                    break;
                }
                _ => return None,
            }
            rest = tail;
        }
        (count > 0 && rest.is_empty()).then_some(Self { digits, exponent })
    }

    /// Returns the nearest 64-bit number, or `None` if the value is out of range.
    fn to_extended(&self) -> Option<Extended> {
        let digits = &self.digits;
        if digits.is_zero() {
            return Some(Extended::ZERO);
        }
        let magnitude = digits
            .decimal_digits_estimate()
            .checked_add(self.exponent)?;
        if !DECIMAL_EXPONENTS.contains(&magnitude) {
            return None;
        }
        let power = Natural::power_of_ten(u32::try_from(self.exponent.unsigned_abs()).ok()?);
        if self.exponent >= 0 {
            let product = digits.times(&power);
            let shift = product.bits().saturating_sub(100);
            let (top, is_inexact) = product.shift_right(shift);
            return Extended::round(false, top, i32::try_from(shift).ok()?, is_inexact);
        }
        // The quotient has 66 or 67 bits, plus a flag for a remainder.
        let shift = 66 + i64::from(power.bits()) - i64::from(digits.bits());
        let (mut numerator, mut denominator) = (digits.clone(), power);
        if shift >= 0 {
            numerator.shift_left(u32::try_from(shift).ok()?);
        } else {
            denominator.shift_left(u32::try_from(-shift).ok()?);
        }
        let (quotient, is_inexact) = numerator.divide(denominator);
        Extended::round(false, quotient, i32::try_from(-shift).ok()?, is_inexact)
    }
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        digits => (1, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Larger exponents are out of range anyway, so the value saturates.
    let magnitude = digits.iter().fold(0i64, |sum, digit| {
        (sum * 10 + i64::from(digit - b'0')).min(1_000_000)
    });
    Some(sign * magnitude)
}

/// A natural number of any size: 32-bit limbs, the lowest first, the last one not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Natural(Vec<u32>);

impl From<u128> for Natural {
    fn from(mut value: u128) -> Self {
        let mut limbs = Vec::new();
        while value > 0 {
            limbs.push(value as u32);
            value >>= 32;
        }
        Self(limbs)
    }
}

impl Natural {
    fn power_of_ten(exponent: u32) -> Self {
        let mut power = Self::from(1);
        for _ in 0..exponent / 9 {
            power.multiply_add(1_000_000_000, 0);
        }
        power.multiply_add(10u32.pow(exponent % 9), 0);
        power
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn bits(&self) -> u32 {
        match self.0.last() {
            Some(last) => self.0.len() as u32 * 32 - last.leading_zeros(),
            None => 0,
        }
    }

    /// Returns the number of decimal digits, or one more.
    fn decimal_digits_estimate(&self) -> i64 {
        i64::from(self.bits()) * 30_103 / 100_000 + 1
    }

    fn multiply_add(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for limb in &mut self.0 {
            let product = u64::from(*limb) * u64::from(factor) + carry;
            *limb = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn times(&self, other: &Self) -> Self {
        let mut product = vec![0u32; self.0.len() + other.0.len()];
        for (shift, limb) in self.0.iter().enumerate() {
            let mut carry = 0;
            for (place, other) in product[shift..].iter_mut().zip(other.0.iter().chain([&0])) {
                let sum = u64::from(*limb) * u64::from(*other) + u64::from(*place) + carry;
                *place = sum as u32;
                carry = sum >> 32;
            }
        }
        let mut product = Self(product);
        product.trim();
        product
    }

    fn shift_left(&mut self, bits: u32) {
        self.multiply_add(1 << (bits % 32), 0);
        let zeros = std::iter::repeat_n(0, bits as usize / 32);
        if !self.is_zero() {
            self.0.splice(0..0, zeros);
        }
    }

    /// Returns the number shifted right by `bits`, and whether a set bit was lost. The result must fit into 128 bits.
    fn shift_right(&self, bits: u32) -> (u128, bool) {
        let bit = |index: u32| self.0[index as usize / 32] >> (index % 32) & 1;
        let is_inexact = (0..bits).any(|index| bit(index) == 1);
        let kept = (bits..self.bits())
            .rev()
            .fold(0, |kept, index| kept << 1 | u128::from(bit(index)));
        (kept, is_inexact)
    }

    /// Returns the quotient, which must fit into 68 bits, and whether there is a remainder.
    fn divide(mut self, mut denominator: Self) -> (u128, bool) {
        const BITS: u32 = 68;
        denominator.shift_left(BITS);
        let mut quotient = 0;
        for _ in 0..=BITS {
            quotient <<= 1;
            if self.compare(&denominator) != Ordering::Less {
                self.subtract(&denominator);
                quotient |= 1;
            }
            denominator.halve();
        }
        (quotient, !self.is_zero())
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Subtracts `other`, which must not be larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (limb, other) in self
            .0
            .iter_mut()
            .zip(other.0.iter().chain(std::iter::repeat(&0)))
        {
            let (difference, first) = limb.overflowing_sub(*other);
            let (difference, second) = difference.overflowing_sub(borrow.into());
            *limb = difference;
            borrow = first || second;
        }
        self.trim();
    }

    fn halve(&mut self) {
        let mut carry = 0;
        for limb in self.0.iter_mut().rev() {
            let next = *limb << 31;
            *limb = *limb >> 1 | carry;
            carry = next;
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

impl fmt::Display for Natural {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.clone();
        let mut groups = Vec::new();
        while !rest.is_zero() {
            let mut remainder = 0;
            for limb in rest.0.iter_mut().rev() {
                let value = remainder << 32 | u64::from(*limb);
                *limb = (value / 1_000_000_000) as u32;
                remainder = value % 1_000_000_000;
            }
            rest.trim();
            groups.push(remainder);
        }
        write!(formatter, "{}", groups.pop().unwrap_or(0))?;
        for group in groups.iter().rev() {
            write!(formatter, "{group:09}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(left: &str, right: &str) -> Option<String> {
        let left = Extended::parse(left.as_bytes())?;
        let right = Extended::parse(right.as_bytes())?;
        left.add(right).map(|sum| sum.to_string())
    }

    #[test]
    fn sums_print_as_they_do_in_redis() {
        for (left, right, expected) in [
            ("0", "0", "0"),
            ("10.50", "0.1", "10.6"),
            ("10.1", "0.2", "10.3"),
            ("5.0e3", "2.0e2", "5200"),
            ("3.0", "1.1", "4.1"),
            ("1", "-1", "0"),
            ("-1.5", "0.25", "-1.25"),
            ("17179869184", "1.5", "17179869185.5"),
            ("1e-17", "0", "0.00000000000000001"),
            ("1e-18", "0", "0"),
            ("-1e-18", "0", "0"),
            ("5000", "0.1", "5000.10000000000000009"),
            ("1e20", "1", "100000000000000000000"),
            ("1e19", "1", "10000000000000000001"),
            (
                "123456789012345678901234567890",
                "0",
                "123456789012345678899921813504",
            ),
            ("0.1", "1e30", "1000000000000000000024696061952"),
        ] {
            assert_eq!(
                sum(left, right).as_deref(),
                Some(expected),
                "{left} + {right}"
            );
        }
    }

    #[test]
    fn text_that_is_not_a_number_is_rejected() {
        for text in [
            "", "-", ".", "e5", "1e", "1e+", "1 ", " 1", "1,5", "0x", "1.2.3", "1e5000", "1e-5000",
            "--1", "1-",
        ] {
            assert_eq!(Extended::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(sum("1e4933", "0"), None, "the number is infinite");
        assert_eq!(sum("1e4932", "1e4932"), None, "the sum is infinite");
        assert!(sum("1e4932", "0").is_some());
    }
}
