/**
 * How the chat looks by day and in the dark, in the terms of Web Chat and of Adaptive Cards.
 */
const font = 'system-ui, sans-serif'

/** Web Chat's style options. What is not named here is as Web Chat has it. */
export function chatLook(isDark) {
  const common = {
    bubbleBorderRadius: 8,
    bubbleFromUserBorderRadius: 8,
    primaryFont: font,
    typingAnimationBackgroundImage: typingDots(isDark ? '#a7adb8' : '#5b6270'),
    typingAnimationHeight: 20,
    typingAnimationWidth: 48,
  }
  if (!isDark) return { ...common, bubbleBackground: '#f4f5f7', bubbleFromUserBackground: '#dcebff' }
  return {
    ...common,
    accent: '#8ab4f8',
    subtle: '#a7adb8',
    backgroundColor: '#1b1d21',
    bubbleBackground: '#24272c',
    bubbleBorderColor: '#383c43',
    bubbleTextColor: '#e8eaed',
    bubbleFromUserBackground: '#274060',
    bubbleFromUserBorderColor: '#274060',
    bubbleFromUserTextColor: '#ffffff',
    sendBoxBackground: '#24272c',
    sendBoxTextColor: '#e8eaed',
    sendBoxButtonColor: '#a7adb8',
    sendBoxBorderTop: 'solid 1px #383c43',
    suggestedActionBackgroundColor: '#24272c',
    suggestedActionTextColor: '#8ab4f8',
    suggestedActionBorderColor: '#8ab4f8',
    timestampColor: '#a7adb8',
  }
}

/** Three dots that come and go. Web Chat's own picture has a light ground. */
function typingDots(colour) {
  const dot = at =>
    `<circle cx="${10 + at * 14}" cy="10" r="4" fill="${colour}" opacity=".3"><animate attributeName="opacity" ` +
    `values=".3;1;.3" dur="1.2s" begin="${at * 0.2}s" repeatCount="indefinite"/></circle>`
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="48" height="20">${[0, 1, 2].map(dot).join('')}</svg>`
  return `url("data:image/svg+xml,${encodeURIComponent(picture)}")`
}

/** The host configuration of cards: colours for the dark; by day Web Chat's own do. */
export function cardLook(isDark) {
  if (!isDark) return undefined
  const shades = (plain, subtle) => ({ default: plain, subtle })
  const foregroundColors = {
    default: shades('#e8eaed', '#a7adb8'),
    dark: shades('#a7adb8', '#8a909c'),
    light: shades('#ffffff', '#d0d4da'),
    accent: shades('#8ab4f8', '#8ab4f8'),
    good: shades('#4cc38a', '#4cc38a'),
    warning: shades('#f5c35b', '#f5c35b'),
    attention: shades('#ff8a7a', '#ff8a7a'),
  }
  const ground = backgroundColor => ({ backgroundColor, foregroundColors })
  return {
    fontFamily: font,
    containerStyles: {
      default: { foregroundColors },
      emphasis: ground('#30343b'),
      accent: ground('#233a5c'),
      good: ground('#17402d'),
      attention: ground('#54211c'),
      warning: ground('#4b3a12'),
    },
    actions: { actionAlignment: 'stretch', actionsOrientation: 'vertical', buttonSpacing: 8, maxActions: 100 },
  }
}
