import type { LockedPackage } from './tool.js';

/**
 * onnxruntime-node and what it needs, pinned by version and SHA-512: npm refuses packages with other bytes. Made by
 * `npm install --package-lock-only --omit-lockfile-registry-resolved onnxruntime-node@1.30.0` in an empty folder.
 */
export const ONNXRUNTIME_LOCK: Readonly<Record<string, LockedPackage>> = {
  'adm-zip': {
    version: '0.6.1',
    integrity: 'sha512-Xwrja8nx9e5o2N1my4DsKCeKpdrnACyr1wtbPxBDgGzKzKyE9kRtBFA8mWldI+RVlD7CBZNWY/wQ2+ydwOR6kQ==',
  },
  'define-data-property': {
    version: '1.1.4',
    integrity: 'sha512-rBMvIzlpA8v6E+SJZoo++HAYqsLrkg7MSfIinMPFhmkorw7X+dOXVJQs+QT69zGkzMyfDnIMN2Wid1+NbL3T+A==',
    dependencies: {
      'es-define-property': '^1.0.0',
      'es-errors': '^1.3.0',
      gopd: '^1.0.1',
    },
  },
  'define-properties': {
    version: '1.2.1',
    integrity: 'sha512-8QmQKqEASLd5nx0U1B1okLElbUuuttJ/AnYmRXbbbGDWh6uS208EjD4Xqq/I9wK7u0v6O08XhTWnt5XtEbR6Dg==',
    dependencies: {
      'define-data-property': '^1.0.1',
      'has-property-descriptors': '^1.0.0',
      'object-keys': '^1.1.1',
    },
  },
  'es-define-property': {
    version: '1.0.1',
    integrity: 'sha512-e3nRfgfUZ4rNGL232gUgX06QNyyez04KdjFrF+LTRoOXmrOgFKDg4BCdsjW8EnT69eqdYGmRpJwiPVYNrCaW3g==',
  },
  'es-errors': {
    version: '1.3.0',
    integrity: 'sha512-Zf5H2Kxt2xjTvbJvP2ZWLEICxA6j+hAmMzIlypy4xcBg1vKVnx89Wy0GbS+kf5cwCVFFzdCFh2XSCFNULS6csw==',
  },
  'escape-string-regexp': {
    version: '4.0.0',
    integrity: 'sha512-TtpcNJ3XAzx3Gq8sWRzJaVajRs0uVxA2YAkdb1jm2YkPz4G6egUFAyA3n5vtEIZefPk5Wa4UXbKuS5fKkJWdgA==',
  },
  'global-agent': {
    version: '4.1.3',
    integrity: 'sha512-KUJEViiuFT3I97t+GYMikLPJS2Lfo/S2F+DQuBWzuzaMPnvt5yyZePzArx36fBzpGTxZjIpDbXLeySLgh+k76g==',
    dependencies: {
      globalthis: '^1.0.2',
      matcher: '^4.0.0',
      semver: '^7.3.5',
      'serialize-error': '^8.1.0',
    },
  },
  globalthis: {
    version: '1.0.4',
    integrity: 'sha512-DpLKbNU4WylpxJykQujfCcwYWiV/Jhm50Goo0wrVILAv5jOr9d+H+UR3PhSCD2rCCEIg0uc+G+muBTwD54JhDQ==',
    dependencies: {
      'define-properties': '^1.2.1',
      gopd: '^1.0.1',
    },
  },
  gopd: {
    version: '1.2.0',
    integrity: 'sha512-ZUKRh6/kUFoAiTAtTYPZJ3hw9wNxx+BIBOijnlG9PnrJsCcSjs1wyyD6vJpaYtgnzDrKYRSqf3OO6Rfa93xsRg==',
  },
  'has-property-descriptors': {
    version: '1.0.2',
    integrity: 'sha512-55JNKuIW+vq4Ke1BjOTjM2YctQIvCT7GFzHwmfZPGo5wnrgkid0YQtnAleFSqumZm4az3n2BS+erby5ipJdgrg==',
    dependencies: {
      'es-define-property': '^1.0.0',
    },
  },
  matcher: {
    version: '4.0.0',
    integrity: 'sha512-S6x5wmcDmsDRRU/c2dkccDwQPXoFczc5+HpQ2lON8pnvHlnvHAHj5WlLVvw6n6vNyHuVugYrFohYxbS+pvFpKQ==',
    dependencies: {
      'escape-string-regexp': '^4.0.0',
    },
  },
  'object-keys': {
    version: '1.1.1',
    integrity: 'sha512-NuAESUOUMrlIXOfHKzD6bpPu3tYt3xvjNdRIQ+FeT0lNb4K8WR70CaDxhuNguS2XG+GjkyMwOzsN5ZktImfhLA==',
  },
  'onnxruntime-common': {
    version: '1.30.0',
    integrity: 'sha512-7fdVWjAID1dVhH/G8qK3APARunV4VkBFoCQAP7qp4Wkab0mrorvmc+sqiT+mKXOzDqdjN5j+/Z9nb4gzNPWcyA==',
  },
  'onnxruntime-node': {
    version: '1.30.0',
    integrity: 'sha512-twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw==',
    dependencies: {
      'adm-zip': '^0.6.0',
      'global-agent': '^4.1.3',
      'onnxruntime-common': '1.30.0',
    },
  },
  semver: {
    version: '7.8.6',
    integrity: 'sha512-9lpSSU4Mly3mrtruwLs1eLK6+gzbzqeBFwRNjIjE+9LuDpWdYctrQlQ3ej1Ilgi7gknpsTRnPoLP8DpCHqHIJw==',
  },
  'serialize-error': {
    version: '8.1.0',
    integrity: 'sha512-3NnuWfM6vBYoy5gZFvHiYsVbafvI9vZv/+jlIigFn4oP4zjNPK3LhcY0xSCgeb1a5L8jO71Mit9LlNoi2UfDDQ==',
    dependencies: {
      'type-fest': '^0.20.2',
    },
  },
  'type-fest': {
    version: '0.20.2',
    integrity: 'sha512-Ne+eE4r0/iWnpAxD852z3A+N0Bt5RN//NjJwRd2VFHEmrywxf5vsZlh4R6lixl6B+wz/8d+maTSAkN1FIkI3LQ==',
  },
};
