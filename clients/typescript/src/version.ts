/** The version of this package: that of the Qhronos it was made with. */
export const VERSION = '0.2.0';
