/**
 * How the chat looks by day and in the dark, in the terms of Web Chat and of Adaptive Cards. A classic script: a page
 * without an origin may load no modules.
 */
;(() => {
  const font = 'system-ui, sans-serif'

  /** The console's colours, which the frame can't inherit. */
  const colours = {
    light: {
      ground: '#fcfcfa',
      raised: '#ffffff',
      line: '#e4e4df',
      text: '#191b1f',
      faint: '#51555e',
      accent: '#3550d4',
      own: '#e6eafc',
      ownText: '#191b1f',
    },
    dark: {
      ground: '#101216',
      raised: '#171a20',
      line: '#262a32',
      text: '#e8eaef',
      faint: '#a9afbb',
      accent: '#97aaff',
      own: '#232b55',
      ownText: '#e8eaef',
    },
  }

  /** Web Chat's style options. What is not named here is as Web Chat has it. */
  const styleOptions = theme => {
    const colour = colours[theme]
    return {
      accent: colour.accent,
      subtle: colour.faint,
      backgroundColor: colour.ground,
      primaryFont: font,
      paddingRegular: 8,
      paddingWide: 12,
      bubbleBackground: colour.raised,
      bubbleBorderColor: colour.line,
      bubbleBorderRadius: 8,
      bubbleTextColor: colour.text,
      bubbleMinHeight: 30,
      bubbleFromUserBackground: colour.own,
      bubbleFromUserBorderColor: colour.own,
      bubbleFromUserBorderRadius: 8,
      bubbleFromUserTextColor: colour.ownText,
      sendBoxHeight: 44,
      suggestedActionHeight: 32,
      suggestedActionBorderRadius: 6,
      suggestedActionBorderWidth: 1,
      fontSizeSmall: '11px',
      sendBoxBackground: colour.raised,
      sendBoxTextColor: colour.text,
      sendBoxPlaceholderColor: colour.faint,
      sendBoxButtonColor: colour.faint,
      sendBoxBorderTop: `solid 1px ${colour.line}`,
      suggestedActionBackgroundColor: colour.raised,
      suggestedActionTextColor: colour.accent,
      suggestedActionBorderColor: colour.accent,
      suggestedActionLayout: 'flow',
      timestampColor: colour.faint,
      timestampFormat: 'relative',
      typingAnimationBackgroundImage: typingDots(colour.faint),
      typingAnimationHeight: 20,
      typingAnimationWidth: 48,
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

  /** The host configuration of cards: sizes, and colours for the dark; by day the usual ones do. */
  const cardConfig = theme => {
    const common = {
      fontFamily: font,
      fontSizes: { small: 11, default: 13, medium: 14, large: 16, extraLarge: 20 },
      actions: { actionAlignment: 'stretch', actionsOrientation: 'vertical', buttonSpacing: 8, maxActions: 100 },
    }
    if (theme !== 'dark') return common
    const shades = (plain, subtle) => ({ default: plain, subtle })
    const foregroundColors = {
      default: shades('#e8eaef', '#a9afbb'),
      dark: shades('#a7adb8', '#8a909c'),
      light: shades('#ffffff', '#d0d4da'),
      accent: shades('#97aaff', '#97aaff'),
      good: shades('#4cc38a', '#4cc38a'),
      warning: shades('#f5c35b', '#f5c35b'),
      attention: shades('#ff8a7a', '#ff8a7a'),
    }
    const ground = backgroundColor => ({ backgroundColor, foregroundColors })
    return {
      ...common,
      containerStyles: {
        default: { foregroundColors },
        emphasis: ground('#1e222a'),
        accent: ground('#1b2140'),
        good: ground('#17402d'),
        attention: ground('#54211c'),
        warning: ground('#4b3a12'),
      },
    }
  }

  window.landlineLook = { styleOptions, cardConfig }
})()
