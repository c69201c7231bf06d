"""Constants and bounds in decimals, for closed forms that the program does not share."""

from decimal import Decimal, getcontext

getcontext().prec = 80

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803")


def root(number):
    return Decimal(number).sqrt()


def factorial_root(k):
    """sqrt(k!)"""
    product = Decimal(1)
    for j in range(2, k + 1):
        product *= j
    return product.sqrt()


def assert_within(test, entry, true, value="value", bound="error_bound"):
    """The true number lies within the printed bound of the printed number, and the bound is tight
    enough to be of use: no more than a unit of the 16th digit of what is printed or of one."""
    printed, error = Decimal(entry[value]), Decimal(entry[bound])
    test.assertLessEqual(abs(printed - true), error, f"{entry} against {true}")
    test.assertLessEqual(error, Decimal("1e-15") * max(1, abs(printed)), entry)
