import { expect, it } from "vitest";
import { dialable, duration, phoneNumber } from "../src/format";

it.each([
  [0, "0:00"],
  [42.9, "0:42"],
  [65, "1:05"],
  [3_599, "59:59"],
  [3_600, "1:00:00"],
  [36_061, "10:01:01"],
  [-5, "0:00"],
])("writes %f seconds as %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

it.each([
  ["79280001122", "+7 928 000-11-22"],
  ["+79280001122", "+7 928 000-11-22"],
  ["89280001122", "+7 928 000-11-22"],
  ["9280001122", "+7 928 000-11-22"],
  ["84951234567", "+7 495 123-45-67"],
  ["101", "101"],
  ["+4915112345678", "+4915112345678"],
  ["+1415555267", "+1415555267"],
  ["", ""],
])("writes the number %s as %s", (raw, text) => {
  expect(phoneNumber(raw)).toBe(text);
});

it.each([
  ["+7 (928) 000-11-22", "+79280001122"],
  ["*43", "*43"],
  ["10+1", "101"],
  ["тел. 101#", "101#"],
  ["<script>", ""],
])("dials %s as %s", (typed, number) => {
  expect(dialable(typed)).toBe(number);
});
