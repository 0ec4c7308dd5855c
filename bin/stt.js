#!/usr/bin/env node
import { execute, Config } from '@oclif/core';
console.log(typeof execute, typeof Config);
