// SPDX-License-Identifier: Apache-2.0

/// Does nothing: its start is the least that a program takes that is linked with the same libraries.
int main(void) { return 0; }
